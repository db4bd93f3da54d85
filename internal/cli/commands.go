package cli

// commands lists the commands in the order of the program's help.
func commands() []*command {
	return []*command{
		runCommand(), trainCommand(), evaluateCommand(), gateCommand(), exportCommand(), packageCommand(), publishCommand(), serveCommand(), verifyCommand(), cvCommand(),
		splitCommand(), edaCommand(), predictCommand(), clipsCommand(), sensorCommand(), cacheCommand(),
		lockCommand(), reviewCommand(),
		listCommand(), configCommand(), doctorCommand(), benchCommand(), versionCommand(), completionCommand(),
	}
}
