package cli

func sensorCommand() *command {
	return &command{
		use: "sensor", short: "measure the camera that a model will see through", group: groupData,
		long: `A model is trained on one camera's pictures and used on another's. These
commands measure a camera and show what it would have seen.`,
		example:  `  blocktrain sensor fit recordings --output camera.json`,
		children: []*command{sensorFitCommand()},
	}
}
