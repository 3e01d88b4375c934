"""Who a tenant is: plain records, no store and no lookup over the network."""
