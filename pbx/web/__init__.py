"""The web process: REST, live events and the portal, for people and programs.

It reaches calls through the Bus and records through the Store, and knows nothing of SIP or media: no report ever
delays a call, and its end ends none.
"""
