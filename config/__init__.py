# Set only by manage.py. Not an environment variable: a server that is started from the same shell
# would inherit it, and run with the public development key.
development_allowed = False
