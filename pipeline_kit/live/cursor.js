// cursor
