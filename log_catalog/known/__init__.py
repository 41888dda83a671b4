"""Codes that workers write and we only read: the bridge gives their lines the component, part and tags of these.

A code is here under the number and meaning that it has among those who write it, in our words, where that is one
meaning. Thirty numbers are in use for two different things (701 to 705, 710 to 713, 724 to 726, 736 to 738, 801 to 804,
961, 962, 970 to 975, 1001 to 1003): those are left out, and a line with one keeps its own words and no component. Left
out too are those of windows on a desktop, which no worker writes. Codes that our own programs say under the number they
always had (`kept` in their components) are defined there and not here.

The numbers of these components are scattered, so each has several ranges; like all ranges they never overlap.
"""
