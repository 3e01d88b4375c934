"""Session descriptions for tests: the RFCs' own, and the shapes in which phones and gateways send theirs."""


def offer(*media_lines: str, connection: str | None = "IN IP4 192.0.2.9", version: int = 1) -> str:
    """A plain offer whose m= sections the test writes."""
    session = ["v=0", f"o=alice 4711 {version} IN IP4 192.0.2.9", "s=-"]
    session += [] if connection is None else [f"c={connection}"]
    return crlf("\n".join([*session, "t=0 0", *media_lines]))


def crlf(text: str) -> str:
    """The text with CRLF at every line's end, the last one's too."""
    return "".join(f"{line}\r\n" for line in text.strip("\n").split("\n"))


RFC_8866_5 = crlf("""
v=0
o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1
s=Call to John Smith
i=SDP Offer #1
u=http://www.jdoe.example.com/home.html
e=Jane Doe <jane@jdoe.example.com>
p=+1 617 555-6011
c=IN IP4 198.51.100.1
t=0 0
m=audio 49170 RTP/AVP 0
m=audio 49180 RTP/AVP 0
m=video 51372 RTP/AVP 99
c=IN IP6 2001:db8::2
a=rtpmap:99 h263-1998/90000
""")

RFC_4566_5 = crlf("""
v=0
o=jdoe 2890844526 2890842807 IN IP4 10.47.16.5
s=SDP Seminar
i=A Seminar on the session description protocol
u=http://www.example.com/seminars/sdp.pdf
e=j.doe@example.com (Jane Doe)
c=IN IP4 224.2.17.12/127
t=2873397496 2873404696
a=recvonly
m=audio 49170 RTP/AVP 0
m=video 51372 RTP/AVP 99
a=rtpmap:99 h263-1998/90000
""")

# The body of RFC 4475's sdp01: its rtpmap has no clock rate, and format 12 no rtpmap at all.
RFC_4475_SDP01 = crlf("""
v=0
o=mhandley 29739 7272939 IN IP4 192.0.2.5
s=-
c=IN IP4 192.0.2.5
t=0 0
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC
""")

RFC_5118_4_6 = crlf("""
v=0
o=assistant 971731711378798081 0 IN IP6 2001:db8::20
s=Live video feed for today's meeting
c=IN IP6 2001:db8::20
t=3338481189 3370017201
m=audio 6000 RTP/AVP 2
a=rtpmap:2 G726-32/8000
m=video 6024 RTP/AVP 107
a=rtpmap:107 H263-1998/90000
""")

RFC_5118_4_8 = crlf("""
v=0
o=bob 280744730 28977631 IN IP4 host.example.com
s=
t=0 0
m=audio 22334 RTP/AVP 0
c=IN IP4 192.0.2.1
m=video 6024 RTP/AVP 107
c=IN IP6 2001:db8::1
a=rtpmap:107 H263-1998/90000
""")

RFC_5118_4_9 = crlf("""
v=0
o=assistant 971731711378798081 0 IN IP6 ::ffff:192.0.2.2
s=Call me soon, please!
c=IN IP6 ::ffff:192.0.2.2
t=3338481189 3370017201
m=audio 6000 RTP/AVP 2
a=rtpmap:2 G726-32/8000
m=video 6024 RTP/AVP 107
a=rtpmap:107 H263-1998/90000
""")

# Two audio codecs of three, digits, SRTP offered beside plain RTP in one line (opportunistic, RFC 8643).
YEALINK = crlf("""
v=0
o=- 20031 20031 IN IP4 192.0.2.31
s=SDP data
c=IN IP4 192.0.2.31
t=0 0
m=audio 11782 RTP/AVP 9 0 8 18 101
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:18 G729/8000
a=fmtp:18 annexb=no
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=sendrecv
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj
""")

# No rtpmap for static types, direction at session level, port of RTCP said out loud.
POLYCOM = crlf("""
v=0
o=- 1719921221 1719921221 IN IP4 192.0.2.32
s=Polycom IP Phone
c=IN IP4 192.0.2.32
b=AS:384
t=0 0
a=sendrecv
m=audio 2238 RTP/AVP 0 8 127
a=rtpmap:127 telephone-event/8000
a=fmtp:127 0-15
a=rtcp:2239
m=video 0 RTP/AVP 109 34
""")

# Cisco's own NTE and named events; payload types 96 and up in use for private things; 30 ms packets.
CISCO_SPA = crlf("""
v=0
o=- 88127661 88127661 IN IP4 192.0.2.33
s=-
c=IN IP4 192.0.2.33
t=0 0
m=audio 16442 RTP/AVP 0 2 8 18 96 97 98 100 101
a=rtpmap:0 PCMU/8000
a=rtpmap:2 G726-32/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:18 G729a/8000
a=rtpmap:96 G726-40/8000
a=rtpmap:97 G726-24/8000
a=rtpmap:98 G726-16/8000
a=rtpmap:100 NSE/8000
a=fmtp:100 192-193
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:30
a=sendrecv
""")

# Hold in the fashion of RFC 2543, as old gateways still do.
CISCO_7960_HOLD = crlf("""
v=0
o=Cisco-SIPUA 26529 9182 IN IP4 192.0.2.34
s=SIP Call
c=IN IP4 0.0.0.0
t=0 0
m=audio 20288 RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
""")

# LF alone, no end of the last line, lower-case names, `/1` for one channel, a stray space.
SOFTPHONE_LF_ONLY = (
    "v=0\no=Z 0 1 IN IP4 192.0.2.35\ns=Z\nc=IN IP4 192.0.2.35\nt=0 0\n"
    "m=audio 8000  RTP/AVP 8 101 0\na=rtpmap:8 pcma/8000/1\na=rtpmap:101 telephone-event/8000\na=sendrecv"
)

BARESIP = crlf("""
v=0
o=- 2208988800 3 IN IP4 192.0.2.36
s=-
c=IN IP4 192.0.2.36
t=0 0
a=tool:baresip 2.0
m=audio 10042 RTP/AVP 96 0 8 101
a=rtpmap:96 opus/48000/2
a=fmtp:96 stereo=1;sprop-stereo=1
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=rtcp:10043
a=sendrecv
a=label:1
a=rtcp-rsize
a=ssrc:3052191281 cname:sip:101@192.0.2.1
a=ptime:20
""")

# An IMS gateway: bandwidth, preconditions, AMR twice, comfort noise, two clocks of telephone-event.
IMS_GATEWAY = crlf("""
v=0
o=SBC 1234567 1 IN IP6 2001:db8:1::7
s=-
c=IN IP6 2001:db8:1::7
b=AS:41
b=RR:2000
b=RS:600
t=0 0
m=audio 41012 RTP/AVP 104 102 8 13 105 100
a=rtpmap:104 AMR-WB/16000/1
a=fmtp:104 mode-change-capability=2;max-red=0
a=rtpmap:102 AMR/8000/1
a=fmtp:102 octet-align=1;mode-set=0,2,4,7
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:105 telephone-event/16000
a=fmtp:105 0-15
a=rtpmap:100 telephone-event/8000
a=fmtp:100 0-15
a=curr:qos local none
a=des:qos optional local sendrecv
a=maxptime:40
a=ptime:20
""")

# A browser: nothing for us before there is DTLS, and a long list of things to keep.
BROWSER = crlf("""
v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS 7f4c
m=audio 58779 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 203.0.113.8
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1467250027 1 udp 2122260223 192.168.1.2 58779 typ host generation 0 network-id 1
a=ice-ufrag:sTDl
a=ice-pwd:Wk6tLBmZkP1aJqHHvGvYyyPS
a=ice-options:trickle
a=fingerprint:sha-256 1F:2E:3D:4C:5B:6A:79:88:97:A6:B5:C4:D3:E2:F1:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendrecv
a=msid:7f4c 9d1e
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:2655508255 cname:2r0P
a=ssrc:2655508255 msid:7f4c 9d1e
""")

EVERY_BODY = {
    name: text
    for name, text in list(globals().items())
    if isinstance(text, str) and not name.startswith("__") and name != "SOFTPHONE_LF_ONLY"
}
