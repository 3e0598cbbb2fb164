"""Addresses of stores: `sqlite:///path`, `postgresql://…` or `memory:`."""

from sqlalchemy import exc, make_url

from incidents.errors import Rejected
from storage.backend import Backend
from storage.postgresql import PostgreSQL
from storage.sqlite import SQLite

MEMORY = "memory:"


def open_backend(url: str) -> Backend:
    """Return the database at the address; a server is not connected yet, a file is looked into.

    Raises Rejected for an address that is none, without quoting it: it may hold a password; and
    Rejected or Unavailable for a SQLite file, by name, that is not ours or cannot be read.
    """
    try:
        address = make_url(url)
    except (exc.ArgumentError, ValueError):
        address = None
    match address and address.get_backend_name():
        case "postgresql" if address is not None:
            return PostgreSQL(address)
        case "sqlite" if address is not None:
            return SQLite(address)
    message = "the database address must be sqlite:///path, postgresql://… or memory:"
    raise Rejected(message)
