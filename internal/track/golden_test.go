package track

// goldenPoints and goldenFeatures are digests of what a drawn stream gives.
const (
	goldenPoints   = "0bd6162270608a3f27e9182438ca1bd3c2aa80eff5165ec6f2c95644f9a4300c"
	goldenFeatures = "e74cb8ab9658326a613be29bb7fe2e8fe9b92940095c5ca96053fe7bc0b65eda"
)
