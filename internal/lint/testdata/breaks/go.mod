module github.com/skipsw/skipsw

go 1.26
