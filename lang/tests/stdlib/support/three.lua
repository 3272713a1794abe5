-- For dofile.
return 3
