"""Models of other libraries as these write them, checked before they read them again."""
