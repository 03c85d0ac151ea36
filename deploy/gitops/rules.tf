# Rules that are resources of their own, beside a group that has no security_rule blocks: those
# would delete these at each apply (azurerm's reference of azurerm_network_security_group).
variable "network_security_group" {
  description = "The group that the rules are of"
  type        = object({ name = string, resource_group_name = string })
}

resource "azurerm_network_security_rule" "pathproof" {
  for_each = var.pathproof_rules

  name                        = each.key
  resource_group_name         = var.network_security_group.resource_group_name
  network_security_group_name = var.network_security_group.name

  description = each.value.description
  priority    = each.value.priority
  direction   = each.value.direction
  access      = each.value.access
  protocol    = each.value.protocol

  source_port_range                     = each.value.source_port_range
  source_port_ranges                    = each.value.source_port_ranges
  source_address_prefix                 = each.value.source_address_prefix
  source_address_prefixes               = each.value.source_address_prefixes
  source_application_security_group_ids = each.value.source_application_security_group_ids

  destination_port_range                     = each.value.destination_port_range
  destination_port_ranges                    = each.value.destination_port_ranges
  destination_address_prefix                 = each.value.destination_address_prefix
  destination_address_prefixes               = each.value.destination_address_prefixes
  destination_application_security_group_ids = each.value.destination_application_security_group_ids
}
