package jpeg

//go:generate go -C ../../kernel/_asm run . -family pixels -out ../../imaging/jpeg/pixels_amd64.s -stubs ../../imaging/jpeg/pixels_stubs_amd64.go -pkg jpeg
//go:generate go -C ../../kernel/_asm run ./neon -family pixels -out ../../imaging/jpeg/pixels_arm64.s -stubs ../../imaging/jpeg/pixels_stubs_arm64.go -pkg jpeg
