"""What runs on AWS, as CDK stacks; each stack is made of plain data that the application prints."""
