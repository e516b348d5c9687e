"""What every connector is built on: the contracts, HTTP, paging, OAuth and the registry."""
