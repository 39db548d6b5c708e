"""The whole product, started as its operator would and used from outside."""
