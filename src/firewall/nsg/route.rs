//! Route tables, and the effective routes of a network interface.

use super::node::Node;
use super::template::WholePart;
use crate::arm_template::{ArmValue, Resource};
use crate::firewall::missing::Property;
use crate::firewall::rule::{Access, Direction, Onward, Rule, RuleDialect, RuleSet};
use crate::firewall::scope::{Scope, UserRoutes};
use crate::model::AddressSet;

/// The types of a route table and of its routes in templates, in lower case.
pub(super) const TABLE: &str = "microsoft.network/routetables";
pub(super) const ROUTE: &str = "microsoft.network/routetables/routes";

/// Whether a node is a route, of a table or effective.
pub(super) fn is_route(node: &Node<'_>) -> bool {
    node.properties().has("nextHopType")
}

/// Whether a node is a route table.
pub(super) fn is_table(node: &Node<'_>) -> bool {
    let properties = node.properties();
    let routes = properties.get("routes").map(|routes| routes.elements());
    routes.is_some_and(|routes| {
        routes.iter().any(is_route) || properties.has("disableBgpRoutePropagation")
    })
}

/// Reads a route table. What none of its routes matches takes Azure's own routes.
pub(super) fn read_table(node: &Node<'_>, file: &str) -> RuleSet {
    let routes = node.properties().get("routes").map(|own| own.elements()).unwrap_or_default();
    let name = node.text("name").unwrap_or(&node.path);
    let routes = routes.iter().flat_map(read_route).collect();
    table_of(node, name, &format!("{file}: {}", node.path), routes)
}

/// Whose table it is, by the subnets that it belongs to.
fn dialect_of(table: &Node<'_>) -> RuleDialect {
    const FIREWALL: &str = "/subnets/azurefirewallsubnet";
    let subnets = table.properties().get("subnets").map(|own| own.elements()).unwrap_or_default();
    let is_firewall = |id: &str| id.trim_end_matches('/').to_ascii_lowercase().ends_with(FIREWALL);
    if !subnets.is_empty() && subnets.iter().all(|own| own.text("id").is_some_and(is_firewall)) {
        RuleDialect::ApplianceRoutes
    } else {
        RuleDialect::Routes
    }
}

/// Reads a route table of a template, with the routes that are resources of their own.
pub(super) fn read_template_table(
    resource: &Resource,
    parts: &[WholePart<'_>],
    file: &str,
) -> RuleSet {
    let node = Node::root(&resource.body, &resource.path);
    let routes = node.properties().get("routes").map(|own| own.elements()).unwrap_or_default();
    let mut all: Vec<_> = routes.iter().flat_map(read_route).collect();
    for part in parts {
        let mut own = read_route(&Node::root(&part.resource.body, &part.resource.path));
        for (_, _, rule) in &mut own {
            part.make_conditional(rule);
        }
        all.extend(own);
    }
    let name = &resource.name;
    table_of(&node, name, &format!("{file}: {}", resource.path), all)
}

/// A remark of every route table that takes routes of gateways.
const LEARNED: &str = "routes that a gateway learned are not in a route table; effective routes \
                       hold them (az network nic show-effective-route-table)";

/// The set of a table, as far as the table itself says something of it.
fn table_of(node: &Node<'_>, name: &str, location: &str, routes: Vec<RankedRoute>) -> RuleSet {
    let mut set = in_order(name, location, dialect_of(node), routes);
    let keeps_out = node.properties().get("disableBgpRoutePropagation");
    set.takes_no_learned_routes =
        keeps_out.is_some_and(|own| matches!(own.value, ArmValue::Bool(true)));
    if !set.takes_no_learned_routes {
        set.notes.push(LEARNED.to_owned());
    }
    set
}

/// Reads the effective routes of a network interface.
pub(super) fn read_effective_routes(routes: &[Node<'_>], file: &str) -> RuleSet {
    let routes = routes.iter().flat_map(read_route).collect();
    in_order("effective routes", &format!("{file}: $"), RuleDialect::EffectiveRoutes, routes)
}

/// A rule of a route, with the length of its prefix and the rank of the route's source.
type RankedRoute = (u8, u8, Rule);

fn in_order(
    name: &str,
    location: &str,
    dialect: RuleDialect,
    mut rules: Vec<RankedRoute>,
) -> RuleSet {
    // The longest prefix wins, then the routes of users before learned ones before Azure's own
    // (virtual-networks-udr-overview, How Azure selects a route). One whose prefix is not known
    // may come first.
    rules.sort_by_key(|(length, source, _)| (std::cmp::Reverse(*length), *source));
    let user_routes = user_routes(&rules);
    let mut rules: Vec<Rule> = rules.into_iter().map(|(_, _, rule)| rule).collect();
    // What is not known of a route may lead past the appliance.
    for rule in rules.iter_mut().filter(|rule| rule.access.known().is_none()) {
        rule.onward = Onward::Direct;
    }
    let mut set = RuleSet::in_order(name, location, dialect, rules)
        .with_passing_end("Azure's own routes", Onward::Direct);
    set.user_routes = user_routes;
    set
}

/// What the routes of users name.
fn user_routes(rules: &[RankedRoute]) -> UserRoutes {
    let mut routes = UserRoutes::default();
    for (length, _, rule) in rules.iter().filter(|(_, source, _)| *source == USER) {
        let destination = &rule.destination;
        let is_prefix = destination.tags.is_empty() && destination.unknown.is_empty();
        if is_prefix && *length > 0 && rule.access.known().is_some() {
            routes.prefixes = routes.prefixes.union(&destination.addresses);
        } else if is_prefix {
            routes.perhaps = routes.perhaps.union(&destination.addresses);
        } else {
            routes.perhaps = AddressSet::everything();
        }
    }
    routes
}

/// The rank of a route that a user wrote.
const USER: u8 = 0;

/// The rules of a route, one for each prefix. One that cannot be read may be the route of any flow.
fn read_route(node: &Node<'_>) -> Vec<RankedRoute> {
    let unreadable = |missing| {
        let mut rule = Rule::unreadable(&node.path, &node.path, &missing);
        rule.direction = Direction::Outbound.into();
        vec![(u8::MAX, USER, rule)]
    };
    if let ArmValue::Unknown(unknown) = node.value {
        return unreadable(unknown.into());
    }
    let properties = node.properties();
    if let ArmValue::Unknown(unknown) = properties.value {
        return unreadable(unknown.into());
    }
    let is_state =
        |word: &str| properties.text("state").is_some_and(|state| state.eq_ignore_ascii_case(word));
    if is_state("Invalid") {
        return Vec::new();
    }
    let source = match properties.text("source").unwrap_or("User").to_ascii_lowercase().as_str() {
        "default" => 2,
        "virtualnetworkgateway" => 1,
        _ => USER,
    };
    let prefixes = properties.get("addressPrefix").map(|own| own.elements()).unwrap_or_default();
    if prefixes.is_empty() {
        return unreadable(properties.missing("the route has no addressPrefix"));
    }
    let hops = properties.get_any(&["nextHopIpAddress", "nextHopInIpAddress"]);
    let address =
        |hop: Node<'_>| hop.value.as_str().filter(|own| !own.is_empty()).map(str::to_owned);
    let hop = hops.iter().flat_map(Node::elements).find_map(address);
    prefixes
        .iter()
        .map(|prefix| {
            let text = prefix.value.as_str().unwrap_or(&prefix.path);
            // A route that is a resource of its own is called TABLE/ROUTE.
            let name = node.text("name").map(|name| name.rsplit('/').next().unwrap_or(name));
            let name = name.filter(|name| !name.is_empty()).unwrap_or(text);
            let mut rule = Rule::outbound(name, 0, Access::Allow);
            rule.location.clone_from(&node.path);
            (rule.access, rule.onward) = next_hop(&properties, hop.as_deref());
            rule.destination = Scope::default();
            let length = match (prefix.value, AddressSet::parse(text)) {
                (ArmValue::String(_), Ok(addresses)) => {
                    rule.destination = addresses.into();
                    let length = text.rsplit_once('/').and_then(|(_, own)| own.trim().parse().ok());
                    length.unwrap_or(128)
                }
                (ArmValue::String(_), Err(_)) => {
                    // A tag stands for many prefixes, each of which wins by its own length.
                    rule.destination.add(text);
                    let why = format!(
                        "the route of the service tag {text} wins by the length of each of its \
                         prefixes"
                    );
                    rule.access = Property::Unknown(prefix.missing(&why));
                    u8::MAX
                }
                (ArmValue::Unknown(unknown), _) => {
                    rule.destination = Scope::unknown(unknown.into());
                    u8::MAX
                }
                (other, _) => {
                    let why = format!("{}; expected a prefix", other.shown());
                    rule.destination = Scope::unknown(prefix.missing(&why));
                    u8::MAX
                }
            };
            (length, source, rule)
        })
        .collect()
}

/// What a route does with a flow, and where it leads it.
fn next_hop(properties: &Node<'_>, hop: Option<&str>) -> (Property<Access>, Onward) {
    let Some(node) = properties.get("nextHopType") else {
        let missing = properties.missing("the route has no nextHopType");
        return (Property::Unknown(missing), Onward::Next);
    };
    let known = |access: Access, onward| (Property::Known(access), onward);
    match (node.value, node.value.as_str().map(str::to_ascii_lowercase).as_deref()) {
        (ArmValue::Unknown(unknown), _) => (Property::Unknown(unknown.into()), Onward::Next),
        (_, Some("virtualappliance")) => {
            known(Access::Allow, Onward::Appliance(hop.unwrap_or("(no address)").into()))
        }
        (_, Some("none" | "null")) => known(Access::Deny, Onward::Next),
        (
            _,
            Some(
                "internet"
                | "vnetlocal"
                | "vnetpeering"
                | "vnetglobalpeering"
                | "virtualnetworkgateway"
                | "virtualnetworkserviceendpoint"
                | "interfaceendpoint"
                | "hypernetgateway",
            ),
        ) => known(Access::Allow, Onward::Direct),
        (other, _) => {
            let why = format!("{}; expected a type of next hop", other.shown());
            (Property::Unknown(node.missing(&why)), Onward::Next)
        }
    }
}
