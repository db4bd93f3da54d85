package knot

type thing struct{ value int }

var made = thing{limit}
