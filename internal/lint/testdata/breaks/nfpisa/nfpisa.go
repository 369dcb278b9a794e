package nfpisa
