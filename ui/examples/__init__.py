"""The example pictures, and how they were drawn."""
