"""The appliance as it runs: settings become processes, and processes are supervised."""
