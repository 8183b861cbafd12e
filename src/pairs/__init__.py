"""A finished pair, as everyone after synthesis reads it."""
