"""The cost of looking at an AWS account: requests, time and memory, alone, with growth, and beside a scanner."""
