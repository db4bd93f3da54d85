package list

func second() int { return 2 }
