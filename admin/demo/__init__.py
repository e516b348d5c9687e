"""An invented company with the mess that real ones have, and the run that shows what Concord makes of it."""
