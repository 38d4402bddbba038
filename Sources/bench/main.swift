// Scaffold; goes when the first real file is here.
