"""What `launch.py` needs before anything is installed. Standard library, from Python 3.8 on."""
