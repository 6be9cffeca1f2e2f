"""The viewers in a real browser, on a site with a strict CSP, hashed static files and a prefix."""
