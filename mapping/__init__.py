"""The ground floor: the canonical model, the values that cross rooms, and the pure rules over them. No I/O."""
