"""What says SQL or keeps bytes on disk: journal, writer, reader, and the embedded store that answers the ports."""
