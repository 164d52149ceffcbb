"""What a dictation is. This folder does no IO: no Flask, boto3, sockets or threads."""
