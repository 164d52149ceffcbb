"""A stand-in for Amazon Transcribe Medical streaming on loopback, written from the public documents alone.

It shares no code with the program: signature, framing and parameters are checked by its own reading of the
specifications, and itself is checked by the official JavaScript client (test_official_client.py).
"""
