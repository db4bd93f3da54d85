package kernel

// The assembly for amd64, and then that for arm64. Go looks for these lines in
// files that are built for the machine at hand alone.

//go:generate go -C _asm run . -family columns -out ../columns_amd64.s -stubs ../columns_stubs_amd64.go -pkg kernel
//go:generate go -C _asm run . -family elementwise -out ../elementwise_amd64.s -stubs ../elementwise_stubs_amd64.go -pkg kernel
//go:generate go -C _asm run . -family filter -out ../filter_amd64.s -stubs ../filter_stubs_amd64.go -pkg kernel
//go:generate go -C _asm run . -family gathered -out ../gathered_amd64.s -stubs ../gathered_stubs_amd64.go -pkg kernel
//go:generate go -C _asm run . -family peak -out ../peak_amd64.s -stubs ../peak_stubs_amd64.go -pkg kernel
//go:generate go -C _asm run . -family prefetch -out ../prefetch_amd64.s -stubs ../prefetch_stubs_amd64.go -pkg kernel
//go:generate go -C _asm run . -family product -out ../product_amd64.s -stubs ../product_stubs_amd64.go -pkg kernel
//go:generate go -C _asm run . -family reduce -out ../reduce_amd64.s -stubs ../reduce_stubs_amd64.go -pkg kernel
//go:generate go -C _asm run . -family resample -out ../resample_amd64.s -stubs ../resample_stubs_amd64.go -pkg kernel
//go:generate go -C _asm run . -family transpose -out ../transpose_amd64.s -stubs ../transpose_stubs_amd64.go -pkg kernel
//go:generate go -C _asm run . -tables ../product_tiles_amd64.go

//go:generate go -C _asm run ./neon -family columns -out ../columns_arm64.s -stubs ../columns_stubs_arm64.go
//go:generate go -C _asm run ./neon -family elementwise -out ../elementwise_arm64.s -stubs ../elementwise_stubs_arm64.go
//go:generate go -C _asm run ./neon -family gathered -out ../gathered_arm64.s -stubs ../gathered_stubs_arm64.go
//go:generate go -C _asm run ./neon -family peak -out ../peak_arm64.s -stubs ../peak_stubs_arm64.go
//go:generate go -C _asm run ./neon -family product -out ../product_arm64.s -stubs ../product_stubs_arm64.go
//go:generate go -C _asm run ./neon -family reduce -out ../reduce_arm64.s -stubs ../reduce_stubs_arm64.go
//go:generate go -C _asm run ./neon -family transpose -out ../transpose_arm64.s -stubs ../transpose_stubs_arm64.go
//go:generate go -C _asm run ./neon -tables ../product_tiles_arm64.go
