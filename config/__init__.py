# Set by manage.py alone. A flag of this process and not an environment variable, so
# that no server started from a shell can inherit it and run on the public key.
development_allowed = False
