"""Training data: what is wrong with it (`check`), how it is put right (`build`), general data in it (`mix`)."""
