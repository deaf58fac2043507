"""The stores, one module for each, behind one interface (``base.Store``)."""
