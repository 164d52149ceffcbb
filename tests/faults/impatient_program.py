"""The program, but a tenth as patient with another one that holds the database's write lock."""

import sys

import app
from utils import database

if __name__ == "__main__":
    database.LOCK_TIMEOUT_SECONDS //= 10
    sys.exit(app.main())
