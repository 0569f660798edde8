"""OSCQuery: the table of addresses as a namespace that hosts can ask for and listen to, after Vidvox's proposal."""
