"""The seed's snippet, its own account id and server address filled in and not a byte else."""

HEAD = """\
<script>
	window.trackrloadstart = new Date().getTime();
</script>
"""

BODY = """\
<script>
	var o = {
		account:%(account)s,
		trackrClass:"%(trackr_class)s",
		serverUrl:"%(server)s"
	};
	var r,s,t;r=false;s=document.createElement("script");s.type="text/javascript";s.src=o.serverUrl+"/js/trackr.js";\
s.onload=s.onreadystatechange=function(){if(!r&&(!this.readyState||this.readyState==="complete"))\
{r=true;return window.trackr=new window.Trackr(o)}};t=document.getElementsByTagName("head")[0];t.appendChild(s)
</script>
"""

# One line, with the account in the address: tools that optimise pages strip other attributes of a script.
ONE_LINE = '<script defer src="%(server)s/js/%(script)s.js?account=%(account)s"%(vouching)s></script>\n'
VOUCHING = ' integrity="%(integrity)s" crossorigin'


def head() -> str:
    """What goes to the top of the head section."""
    return HEAD


def body(account_id: int, server_url: str, trackr_class: str = "track-it") -> str:
    """What goes to the bottom of the body."""
    return BODY % {"account": account_id, "server": server_url, "trackr_class": trackr_class}


def one_line(account_id: int, server_url: str) -> str:
    """All of it in one line, anywhere in the page."""
    return ONE_LINE % {"account": account_id, "server": server_url, "script": "trackr", "vouching": ""}


def pinned(account_id: int, server_url: str, version: str, integrity: str) -> str:
    """The same with one version of the tracker, which the browser checks."""
    vouching = VOUCHING % {"integrity": integrity}
    return ONE_LINE % {
        "account": account_id,
        "server": server_url,
        "script": f"trackr-{version}",
        "vouching": vouching,
    }
