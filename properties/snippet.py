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


def head() -> str:
    """What goes to the top of the head section."""
    return HEAD


def body(account_id: int, server_url: str, trackr_class: str = "track-it") -> str:
    """What goes to the bottom of the body."""
    return BODY % {"account": account_id, "server": server_url, "trackr_class": trackr_class}
