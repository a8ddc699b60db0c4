"""Board codes, QR symbols and posters, read back before anyone prints them.

Knows nothing of the web application: it takes plain values and gives plain bytes.
"""
