"""The data folder's configuration: typed, checked as a whole before any of it is used."""
