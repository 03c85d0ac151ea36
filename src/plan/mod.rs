//! Endpoints to ordered, deduplicated probes; the gateways of a relay. Pure.
