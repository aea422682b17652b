"""How the microscope's findings are drawn."""
