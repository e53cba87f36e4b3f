"""The Live tab: the camera, with numbers instead of pictures sent back to the browser."""
