// Package list has files in an order.
package list

func first() int { return second() }
