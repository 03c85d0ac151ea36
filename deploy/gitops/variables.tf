# What `pathproof rules plan --format tfvars-json --output pathproof.auto.tfvars.json` writes.
variable "pathproof_rules" {
  description = "The rules for Azure Relay, by their names"
  default     = {}
  type = map(object({
    description                                = string
    priority                                   = number
    direction                                  = string
    access                                     = string
    protocol                                   = string
    source_port_range                          = string
    source_port_ranges                         = set(string)
    destination_port_range                     = string
    destination_port_ranges                    = set(string)
    source_address_prefix                      = string
    source_address_prefixes                    = set(string)
    source_application_security_group_ids      = set(string)
    destination_address_prefix                 = string
    destination_address_prefixes               = set(string)
    destination_application_security_group_ids = set(string)
  }))
}
