"""What a model demands of accelerators and networks, and how fast they train and serve it: closed forms."""
