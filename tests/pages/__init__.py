"""The pages, template tags and templates, and the admin: what they write as HTML, and to whom."""
