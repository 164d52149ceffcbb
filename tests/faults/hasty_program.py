"""The program, but for the pace at which workers say that they live and give up on those who don't: 30 times faster."""

import sys

import app
from aws_services import session_care

session_care.LEASE_EVERY_SECONDS /= 30
session_care.LEASE_SECONDS /= 30

if __name__ == "__main__":
    sys.exit(app.main())
