"""`push` and `pull`: values between sealed files and the stores that programs read them from."""
