"""What a loaded model can be asked, one idea a file. Nothing here touches the network or knows where a model came from."""
