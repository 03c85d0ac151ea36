//! IP groups (`Microsoft.Network/ipGroups`), which rules of Azure Firewall name by their ids.

use super::super::node::Node;
use super::super::rule::add_prefix;
use super::PlacedName;
use crate::arm_template::ResourcePlace;
use crate::firewall::scope::Scope;

/// The IP groups of all files.
#[derive(Debug, Default)]
pub(in super::super) struct IpGroups(Vec<(PlacedName, Scope)>);

impl IpGroups {
    /// Reads a group, which is in `place` where it has no id of its own.
    pub(in super::super) fn add(&mut self, node: &Node<'_>, place: Option<&ResourcePlace>) {
        let id = node.text("id").or_else(|| node.text("name")).unwrap_or_default();
        let mut id = PlacedName::of_resource(id);
        if let Some(place) = place {
            id.place = place.clone();
        }
        let mut scope = Scope::default();
        let properties = node.properties();
        match properties.get("ipAddresses") {
            Some(addresses) => {
                for element in addresses.elements() {
                    add_prefix(&mut scope, &element);
                }
            }
            // Only a list that is there is known to be empty.
            None => scope.unknown.push(properties.missing("the IP group has no ipAddresses")),
        }
        // A group that stands twice, as in two exports, counts once.
        if !self.0.iter().any(|(own, same)| *own == id && *same == scope) {
            self.0.push((id, scope));
        }
    }

    /// The group with this id: the only one of its name that can be meant.
    pub(super) fn get(&self, id: &str) -> Option<&Scope> {
        let id = PlacedName::of_resource(id);
        let of = |is_it: &dyn Fn(&PlacedName) -> bool| -> Vec<&Scope> {
            self.0.iter().filter(|(own, _)| is_it(own)).map(|(_, scope)| scope).collect()
        };
        let near = of(&|own| own.is_near(&id));
        let possible = if near.is_empty() { of(&|own| own.may_be(&id)) } else { near };
        match possible[..] {
            [only] => Some(only),
            _ => None,
        }
    }
}
