"""What crosses between the processes while a model writes: how, what, and with which keys and values kept."""
